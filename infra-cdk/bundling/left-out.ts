/**
 * Stands in a bundle for what is loaded there and never used; see bundle-functions.ts. Using it after all fails, and
 * says of what.
 */
export default class LeftOutOfTheBundle {
  constructor() {
    // biome-ignore lint/correctness/noConstructorReturn: whatever is asked of it, it has to answer
    return new Proxy(this, {
      get(_, name) {
        throw new Error(
          `${String(name)} is left out of the bundle: see infra-cdk/bundling/bundle-functions.ts`,
        );
      },
    });
  }
}
