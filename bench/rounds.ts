/**
 * Measures every case once a round, in turn (A B C A B C …), so that what the machine does meanwhile falls on all alike.
 * @returns each case's values, in the order of the rounds
 */
export async function inTurn<Case, Value>(
  cases: readonly Case[],
  rounds: number,
  measure: (one: Case, round: number) => Promise<Value>,
): Promise<Map<Case, Value[]>> {
  const values = new Map<Case, Value[]>(cases.map((one) => [one, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const one of cases) values.get(one)?.push(await measure(one, round));
  }
  return values;
}
