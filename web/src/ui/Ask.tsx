import { useLayoutEffect, useRef } from 'preact/hooks';

interface AskProps {
  name: string;
  question: string;
  yes: string;
  no: string;
  agreed: () => void;
  refused: () => void;
}

/** A question that comes before all else. Escape, and the button that has the focus first, leave everything as it is. */
export function Ask({ name, question, yes, no, agreed, refused }: AskProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  // Before it is seen: until it is open, Escape is not its own.
  useLayoutEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  return (
    <dialog
      class="ask"
      ref={dialog}
      role="alertdialog"
      data-ask={name}
      aria-labelledby="ask-question"
      onClose={refused}
    >
      <p id="ask-question">{question}</p>
      <div class="buttons">
        <button type="button" name="no" autofocus onClick={() => dialog.current?.close()}>
          {no}
        </button>
        <button type="button" class="danger" name="yes" onClick={agreed}>
          {yes}
        </button>
      </div>
    </dialog>
  );
}
