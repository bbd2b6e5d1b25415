import { type Problem, type Streamed, TOKEN_HEADER } from '../../../protocol.ts';
import { token } from './token.ts';

/** An error that the server has answered with. */
export class ApiProblem extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

/** Asks the server. @param path below /api/ @throws ApiProblem */
export async function get<Answer>(
  path: string,
  parameters: Record<string, string | number | undefined> = {},
  signal?: AbortSignal,
): Promise<Answer> {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '');
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return request(`/api/${path}${given.length > 0 ? `?${search}` : ''}`, signal ? { signal } : {});
}

/** Asks the server for a change. @throws ApiProblem */
export async function post<Answer>(path: string, body: object): Promise<Answer> {
  return request(`/api/${path}`, change(body));
}

/** Asks the server for a change that takes long. @param onProgress called with each message @throws ApiProblem */
export async function postStreamed<Result>(
  path: string,
  body: object,
  onProgress: (message: string) => void,
): Promise<Result> {
  const response = await send(`/api/${path}`, change(body));
  if (!response.ok || !response.body) throw await problemIn(response);
  let rest = '';
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const part = JSON.parse(line) as Streamed<Result>;
      if ('progress' in part) onProgress(part.progress);
      else if ('error' in part) throw new ApiProblem(part.error);
      else return part.result;
    }
  }
  throw new ApiProblem({
    code: 'no_answer',
    message: 'The dashboard’s server ended the answer early.',
    nextStep: 'Try again.',
  });
}

function change(body: object): RequestInit {
  const headers = { 'Content-Type': 'application/json', [TOKEN_HEADER]: token() ?? '' };
  return { method: 'POST', headers, body: JSON.stringify(body) };
}

async function request<Answer>(address: string, init: RequestInit): Promise<Answer> {
  const response = await send(address, init);
  if (!response.ok) throw await problemIn(response);
  return (await response.json()) as Answer;
}

async function send(address: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(address, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiProblem({
      code: 'server_gone',
      message: 'The dashboard’s server does not answer.',
      nextStep: 'Start it again: npx drumline dashboard',
    });
  }
}

async function problemIn(response: Response): Promise<ApiProblem> {
  const answer = (await response.json().catch(() => ({}))) as { error?: Problem };
  return new ApiProblem(
    answer.error ?? { code: 'failed', message: `The server answered ${response.status}.`, nextStep: '' },
  );
}
