import type { SpeechConfig } from 'microsoft-cognitiveservices-speech-sdk';
import {
  AutoDetectSourceLanguageConfig,
  LanguageIdMode,
  OutputFormat,
  ProfanityOption,
  PropertyId,
} from 'microsoft-cognitiveservices-speech-sdk';
import { type SpeechService, speechConfigFor } from '../sdk/speech-service.ts';

/** Silence after which the service ends a phrase. */
const SEGMENTATION_SILENCE_MS = 400;

/** What is listened for. */
export interface HeardLanguage {
  /** Such as `en-US`. */
  readonly language: string;
  /** What may be spoken, where the service shall find out for each phrase which it is; up to ten. `language` is among them. */
  readonly languages?: readonly string[] | undefined;
  /** Asks for the confidence of each phrase and the times of its words, which costs the service nothing and us some bytes. */
  readonly detailed?: boolean | undefined;
}

/** The SDK's settings for a recogniser of calls. */
export function recognitionConfig(service: SpeechService, heard: HeardLanguage): SpeechConfig {
  const config = speechConfigFor(service);
  const { language, languages = [], detailed } = heard;
  config.speechRecognitionLanguage = language;
  if (languages.length > 1) identifyLanguages(config, languages);
  if (detailed) askForDetails(config);
  // Masked words are lost words: names and streets among them.
  config.setProfanity(ProfanityOption.Raw);
  config.setProperty(PropertyId.Speech_SegmentationSilenceTimeoutMs, String(SEGMENTATION_SILENCE_MS));
  return config;
}

/** As `SpeechRecognizer.FromConfig` does it. Continuous: callers change their language, and two of them may speak two. */
function identifyLanguages(config: SpeechConfig, languages: readonly string[]): void {
  const detection = AutoDetectSourceLanguageConfig.fromLanguages([...languages]);
  detection.mode = LanguageIdMode.Continuous;
  for (const id of [
    PropertyId.SpeechServiceConnection_AutoDetectSourceLanguages,
    PropertyId.SpeechServiceConnection_LanguageIdMode,
    PropertyId.SpeechServiceConnection_RecognitionEndpointVersion,
  ]) {
    config.setProperty(id, detection.properties.getProperty(id));
  }
}

function askForDetails(config: SpeechConfig): void {
  config.outputFormat = OutputFormat.Detailed;
  config.requestWordLevelTimestamps();
}
