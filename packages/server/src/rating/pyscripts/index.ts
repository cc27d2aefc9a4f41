export { pyscriptsModule } from './pyscripts-module.ts'
