/** A text module, as the bundler makes it of a file. */
declare module "*.txt" {
  const text: string;
  export default text;
}

/** Where the wasm worker finds the compiled configuration (src/edge/deployed.rs). */
declare var __vedette_config: string;
