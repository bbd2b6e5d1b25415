import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PeerServices } from './peer-run.ts';

/** Starts worker processes with the same script and waits until they are ready. @param environment the peer's own variables */
export async function startWorkers(
  script: string,
  count: number,
  { redisUrl, elasticsearchUrl, results }: PeerServices,
  workMs: number,
  environment: Record<string, string>,
) {
  const workers = Array.from({ length: count }, () =>
    fork(script, {
      execArgv: ['--import', fileURLToPath(import.meta.resolve('tsx')), '--no-warnings'],
      env: {
        PATH: process.env.PATH,
        PEER_REDIS_URL: redisUrl,
        PEER_ELASTICSEARCH_URL: elasticsearchUrl,
        PEER_INDEX: results.index,
        DRUMLINE_WORK_MS: String(workMs),
        ...environment,
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  );
  const ended = Promise.race(workers.map(rejectAtExit));
  ended.catch(() => {});
  const processes = {
    /** Sends a message to each. */
    tell: (message: string) => workers.forEach((worker) => void worker.send(message)),
    /** Waits for the workers' work. @throws Error if a worker process ends before */
    during: <Result>(work: Promise<Result>) => Promise.race([work, ended]),
    stop: async () => {
      await Promise.all(workers.map(stopProcess));
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

async function rejectAtExit(worker: ChildProcess): Promise<never> {
  const [code, signal] = await once(worker, 'exit');
  throw new Error(`a worker process ended with ${code ?? signal}`);
}

/** Ends a child process and waits until it is gone. */
async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill();
  await gone;
}
