import { runClient as validates } from '../../../../examples/clients/typescript/auth-test-iss-validation';
import { runClient as validatesNothing } from '../../../../examples/clients/typescript/auth-test';
import { setLogLevel } from '../../../../examples/clients/typescript/helpers/logger';
import {
  InlineClientRunner,
  runClientAgainstScenario
} from './test_helpers/testClient';
import table from './openworld.json';

const ISS = 'openworld-client-iss-matches-recorded-issuer';

/** The scenarios that ask a check, as the suite calls them. */
function asking(id: string): string[] {
  return Object.entries(table.scenarios)
    .filter(([, row]) => row.required.id === id)
    .map(([name]) => `auth/openworld/${name}`);
}

beforeAll(() => setLogLevel('error'));

describe('openworld scenarios', () => {
  test('a client gets to the resource of honest servers', async () => {
    const [first] = asking('openworld-flow-completes');
    await runClientAgainstScenario(new InlineClientRunner(validates), first);
  });

  test.each(asking(ISS))('%s fails without a look at iss', async (name) => {
    const runner = new InlineClientRunner(validatesNothing);
    const checks = await runClientAgainstScenario(runner, name, {
      expectedFailureSlugs: [ISS]
    });
    expect(checks.find(({ id }) => id === ISS)?.status).toBe('FAILURE');
  });

  test.each(asking(ISS))('%s passes with one', async (name) => {
    const runner = new InlineClientRunner(validates);
    await runClientAgainstScenario(runner, name, {
      expectedSuccessSlugs: [ISS],
      allowClientError: true
    });
  });
});
