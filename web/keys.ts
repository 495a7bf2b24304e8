/** The keys of the page: M mutes, Escape silences the agent. Not while something is written, or stands above the page. */
export function bindKeys({ onMute, onSilence }: { readonly onMute: () => void; readonly onSilence: () => void }): void {
  document.addEventListener('keydown', (event) => {
    const isWriting = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    // A key that is held down comes again and again, and would leave the microphone as chance has it.
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || isWriting) return;
    if (document.querySelector(':popover-open, dialog[open]')) return;
    if (event.key === 'Escape') onSilence();
    if (event.key === 'm' || event.key === 'M') onMute();
  });
}
