/** What a host speaks where neither its settings nor an agent say anything. */
const HOST_DEFAULT = 'en-US';
/** `de-DE-KatjaNeural`, `sr-Latn-RS-NicholasNeural`: an Azure voice names the locale that it speaks. */
const OF_VOICE = /^([a-z]{2,3}(?:-[A-Z][a-z]{3})?-(?:[A-Z]{2}|\d{3}))-/;
/** A voice that speaks whatever language it is given; its name says little. */
const SPEAKS_ALL = /Multilingual/i;

/**
 * The language of an agent that names none: its voice's. A multilingual voice speaks the host's language
 * (SPEECH_LANGUAGE) where that was set, and so does a voice whose name tells nothing.
 */
export function localeOfVoice(voice: string, hostLanguage: string = HOST_DEFAULT): string {
  if (SPEAKS_ALL.test(voice) && hostLanguage !== HOST_DEFAULT) return hostLanguage;
  return OF_VOICE.exec(voice)?.[1] ?? hostLanguage;
}

/** A locale as BCP 47 has it, in its canonical spelling (`zh-Hans-CN`, `es-419`); undefined where it is none. */
export function canonicalLocale(text: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(text)[0];
  } catch {
    return undefined;
  }
}

/** `de` of `de-AT`. */
export const languageCodeOf = (locale: string): string => locale.toLowerCase().split(/[-_]/)[0] ?? '';

/** Whether the runtime knows this IANA time zone (`Europe/Berlin`). */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** The time zone that this process runs in. */
export const hostTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;
