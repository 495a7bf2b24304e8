import type { Agent } from './agent-definition.ts';

/** The agent, with another of its languages as the one that it begins with. What it does not speak changes nothing. */
export function agentIn(agent: Agent, language: string | undefined): Agent {
  if (language === undefined || !agent.languages.includes(language)) return agent;
  return {
    ...agent,
    locale: language,
    languages: [language, ...agent.languages.filter((other) => other !== language)],
    phrases: agent.phrasesIn(language),
  };
}
