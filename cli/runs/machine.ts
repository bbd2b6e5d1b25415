import { availableParallelism, cpus, totalmem } from 'node:os';

/** The machine of a measurement. */
export interface Machine {
  cores: number;
  cpu: string;
  memoryGiB: number;
  platform: string;
  node: string;
}

/** This machine. */
export function readMachine(): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
  };
}

/** `2 cores (AMD EPYC), 24 GiB, linux x64, Node.js 20.20.2` */
export function machineText({ cores, cpu, memoryGiB, platform, node }: Machine): string {
  return `${cores} cores (${cpu}), ${memoryGiB} GiB, ${platform}, Node.js ${node}`;
}
