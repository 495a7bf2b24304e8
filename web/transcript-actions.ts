import { byId } from './element.ts';
import { asText, type Transcript } from './transcript.ts';
import { copy } from './transcript-view.ts';

/** The buttons that copy the transcript and keep it as a file. */
export function bindTranscriptActions(current: () => Transcript): void {
  const copyButton = byId('copy', HTMLButtonElement);
  copyButton.addEventListener('click', () => void copy(copyButton, asText(current())));
  byId('download', HTMLButtonElement).addEventListener('click', () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([asText(current())], { type: 'text/plain' }));
    link.download = `parley-${new Date().toISOString().slice(0, 16).replace(':', '-')}.txt`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
