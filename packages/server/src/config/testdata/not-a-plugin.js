export const plugin = { name: "not-a-plugin" }
