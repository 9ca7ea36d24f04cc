import { titleOf } from '../format';
import { keepLang } from '../text';
import type { Lang } from '../wire';
import { useChoices, useLive, useSession, useSpeech } from './page';

const LANGUAGES: { lang: Lang; short: string; name: string }[] = [
  { lang: 'vi', short: 'VI', name: 'Tiếng Việt' },
  { lang: 'en', short: 'EN', name: 'English' },
];

/** Title, language switch, and on narrow screens the button that opens the panel. */
export function Header() {
  const session = useSession();
  const { catalogue, panel } = useLive();
  const { lang } = useChoices();
  const { say } = useSpeech();
  const choose = (chosen: Lang) => {
    keepLang(chosen);
    session.choices.set({ lang: chosen });
  };
  return (
    <header class="header">
      <button type="button" class="skip" onClick={focusMap}>
        {say('skip')}
      </button>
      <h1>{titleOf(catalogue.title, lang)}</h1>
      <fieldset class="segments small" aria-label={say('language')}>
        {LANGUAGES.map(({ lang: one, short, name }) => (
          <button
            key={one}
            type="button"
            lang={one}
            title={name}
            aria-label={name}
            aria-pressed={one === lang}
            onClick={() => choose(one)}
          >
            {short}
          </button>
        ))}
      </fieldset>
      <button
        type="button"
        class="menu"
        aria-expanded={panel}
        aria-controls="panel"
        aria-label={say(panel ? 'menu_close' : 'menu_open')}
        onClick={() => session.live.set({ panel: !panel })}
      >
        <span aria-hidden="true">{panel ? '✕' : '☰'}</span>
      </button>
    </header>
  );
}

/** Past the whole panel, for those who go by keyboard. */
function focusMap(): void {
  document.querySelector<HTMLElement>('.maplibregl-canvas')?.focus();
}
