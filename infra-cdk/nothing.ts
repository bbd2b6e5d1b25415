// Stands in a bundle for a package that is loaded there and never used.
export {};
