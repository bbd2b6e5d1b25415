/** Types of dependencies.mjs, which is plain JavaScript because it runs before anything is installed. */
export function ensureDependencies(project?: string): Promise<void>;
export function areInstalled(project?: string): boolean;
