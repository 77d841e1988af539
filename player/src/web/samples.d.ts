declare module "*.tsk" {
  const file: Uint8Array<ArrayBuffer>;
  export default file;
}
