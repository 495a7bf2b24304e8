import { byId } from './element.ts';

/** Asks before something is broken off. Resolves with what was answered; no, where the question was put aside. */
export function ask(question: string, yes: string, no: string): Promise<boolean> {
  const dialog = byId('ask', HTMLDialogElement);
  byId('ask-question', HTMLElement).textContent = question;
  byId('ask-yes', HTMLButtonElement).textContent = yes;
  byId('ask-no', HTMLButtonElement).textContent = no;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}
