import type { ReplyPiece } from '../../contract/agent.ts';
import { SpeakableText } from './speakable-text.ts';
import type { ReplyTransform } from './transform.ts';

/** Lets nothing to the mouth that is not meant for ears (see {@link SpeakableText}). */
export function forEars(): ReplyTransform {
  const speakable = new SpeakableText();
  const asPieces = (text: string): ReplyPiece[] => (text === '' ? [] : [{ type: 'text', text }]);
  return {
    take: (piece) =>
      piece.type === 'text' ? asPieces(speakable.push(piece.text)) : [...asPieces(speakable.end()), piece],
    end: () => asPieces(speakable.end()),
  };
}
