const HAN = /\p{Script=Han}/gu;

/**
 * How many characters of a text Azure Speech bills: all of what is spoken, and each Chinese character twice, kanji and
 * hanja among them (https://learn.microsoft.com/azure/ai-services/speech-service/text-to-speech#billable-characters).
 */
export const billedCharacters = (text: string): number => text.length + (text.match(HAN)?.length ?? 0);
