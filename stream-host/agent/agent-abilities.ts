import type { AbilitiesByAgent } from '../../shared/sessions/agent-abilities.ts';
import type { Agents } from './agent-definition.ts';

/** What the agents of a host can do. @param noticeUrl what tells people that they are recorded, in place of the agent's voice */
export const abilitiesOfAgents = (agents: Agents, noticeUrl: string | undefined): AbilitiesByAgent =>
  Object.fromEntries(
    [...agents.values()].map(({ name, recording, keyInputs }) => {
      const isUnspoken = noticeUrl !== undefined || recording?.notice === false;
      const how = recording === undefined ? 'none' : isUnspoken ? 'unspoken' : 'spoken';
      return [name, { recording: how, inputs: [...(keyInputs?.keys() ?? [])] }];
    }),
  );
