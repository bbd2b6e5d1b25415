import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';

/** A line of a stack trace in a file of the user's. */
export interface Frame {
  /** `functions/job.ts:12:5`, relative to the project folder. */
  place: string;
  /** The function; empty at the top level of a module. */
  name: string;
}

/** Drumline's own files, and packages. They say nothing about an error in the user's code. */
const FOREIGN =
  /^(\.\.|node_modules\/|cli\/|infra-cdk\/|functions\/(core|runtime)\/|functions\/drumline\.ts)/;

/** The lines of an error's stack trace that are in the user's files, innermost first. */
export function projectFrames(error: unknown): Frame[] {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return stack.split('\n').flatMap((line) => {
    const [, name = '', file, position] = FRAME.exec(line) ?? [];
    if (file === undefined) return [];
    const path = relative(PROJECT, file.startsWith('file:') ? fileURLToPath(file) : file).replaceAll(
      '\\',
      '/',
    );
    return FOREIGN.test(path) ? [] : [{ place: `${path}:${position}`, name }];
  });
}

/** `at name (file:line:column)` or `at file:line:column`. The query in a file's URL is the loader's. */
const FRAME = /^\s+at (?:async )?(?:([^(]+) \()?((?:file:\/\/)?\/[^?:()]+)(?:\?[^:()]*)?:(\d+:\d+)\)?$/;
