export { noopModule } from './noop-module.ts'
