import { number } from '../format';
import type { Finding, ImportReport } from '../wire';
import { useSpeech } from './page';

/** Findings of a kind that are shown one by one. */
const SHOWN = 5;

/** What is wrong with a file: by kind, the first of each with line, column, value and advice. */
export function Findings({ report }: { report: ImportReport }) {
  const { say, lang } = useSpeech();
  const kinds = Object.entries(report.findings).sort(([, a], [, b]) => b - a);
  const shown = { usable: number(report.rows - report.rejected, lang), rows: number(report.rows, lang) };
  return (
    <section>
      <h3>{say('import_findings')}</h3>
      {report.dry_run && <p class="note">{say('import_usable', shown)}</p>}
      {kinds.length === 0 && <p class="note">{say('import_no_findings')}</p>}
      {kinds.map(([kind, count]) => (
        <Kind key={kind} kind={kind} count={count} first={report.first_findings.filter((one) => one.kind === kind)} />
      ))}
    </section>
  );
}

function Kind({ kind, count, first }: { kind: string; count: number; first: Finding[] }) {
  const { say, lang } = useSpeech();
  const some = first.slice(0, SHOWN);
  return (
    <details class="finding" data-kind={kind} data-count={count}>
      <summary>
        <b>{first[0]?.advice[lang] || kind}</b> <code>{kind}</code> <span class="badge">{number(count, lang)}</span>
      </summary>
      <ul>
        {some.map((finding) => (
          <li key={`${finding.line} ${finding.column} ${finding.message}`}>
            {finding.line && `${say('import_line')} ${number(finding.line, lang)}: `}
            {finding.message}
          </li>
        ))}
      </ul>
      {count > some.length && <p class="note">{say('import_more', { count: number(count - some.length, lang) })}</p>}
    </details>
  );
}
