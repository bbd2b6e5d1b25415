// Stands in a bundle for @aws-sdk/credential-provider-node: Lambda gives a function its role's credentials in the
// environment, and nowhere else. (So does the emulator.)
export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';
