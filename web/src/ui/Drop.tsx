import { useEffect, useState } from 'preact/hooks';
import { useChoices, useLive, useSession, useSpeech } from './page';

/** Takes a file in: dropped anywhere on the page, or chosen. */
export function Drop() {
  const session = useSession();
  const { catalogue } = useLive();
  const { layers, count } = useChoices();
  const { say } = useSpeech();
  const [over, setOver] = useState(false);
  const layer = layers[0] ?? count ?? catalogue.layers[0]?.id;
  const take = (files: FileList | null | undefined) => {
    const file = files?.[0];
    if (file && layer) void session.imports.offer(file, layer);
  };
  useEffect(() => {
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const drag = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    // Leaving the window, not one of its elements for another.
    const leave = (event: DragEvent) => {
      if (!event.relatedTarget) setOver(false);
    };
    const drop = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setOver(false);
      take(event.dataTransfer?.files);
    };
    addEventListener('dragover', drag);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', drag);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  });
  return (
    <section class="card">
      <h2>{say('import')}</h2>
      <p class="note">{say('import_hint')}</p>
      <label class="choose">
        <input
          type="file"
          name="import"
          onChange={({ currentTarget }) => {
            take(currentTarget.files);
            // The same file may be chosen again after it was corrected.
            currentTarget.value = '';
          }}
        />
        <span>{say('import_choose')}</span>
      </label>
      {over && <p class="drop">{say('import_drop')}</p>}
    </section>
  );
}
