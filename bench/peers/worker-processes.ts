import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Worker processes of a peer, all of the same script, each of which has said that it is ready. */
export interface WorkerProcesses {
  /** Says something to each. */
  tell(message: string): void;
  /** Waits for something that the workers do. @throws Error when one of them ends before */
  during<Result>(work: Promise<Result>): Promise<Result>;
  stop(): Promise<void>;
}

/** Starts them, and waits until they are ready. */
export async function startWorkers(
  script: string,
  count: number,
  environment: Record<string, string>,
): Promise<WorkerProcesses> {
  const workers = Array.from({ length: count }, () =>
    fork(script, {
      execArgv: ['--import', fileURLToPath(import.meta.resolve('tsx')), '--no-warnings'],
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  );
  const ended = Promise.race(workers.map(endOf));
  ended.catch(() => {});
  const processes: WorkerProcesses = {
    tell: (message) => workers.forEach((worker) => void worker.send(message)),
    during: (work) => Promise.race([work, ended]),
    stop: async () => {
      await Promise.all(workers.map(stop));
    },
  };
  try {
    await processes.during(Promise.all(workers.map((worker) => once(worker, 'message'))));
    return processes;
  } catch (error) {
    await processes.stop();
    throw error;
  }
}

async function endOf(worker: ChildProcess): Promise<never> {
  const [code, signal] = await once(worker, 'exit');
  throw new Error(`a worker process ended with ${code ?? signal}`);
}

async function stop(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const gone = once(worker, 'exit');
  worker.kill();
  await gone;
}
