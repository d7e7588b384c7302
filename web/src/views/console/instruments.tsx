// Every instrument with its phase, and the steps that lead on from there: one press chooses, the next confirms.
import type { VNode } from "preact";
import { timeLeft } from "../../clock";
import { STEP_WORDS, stepsFrom } from "../../console/phases";
import { PhaseChip } from "../headline";
import { Panel } from "../panel";
import type { ConsoleProps } from "./props";

export function InstrumentPhases({ screen, operator }: ConsoleProps): VNode {
  const { phases } = operator;
  const tools = (
    <>
      <label class="select">
        <span>Reason</span>
        <input
          class="reason"
          value={phases.reason.value}
          placeholder="shown to everybody"
          onInput={(event) => (phases.reason.value = event.currentTarget.value)}
        />
      </label>
      <label class="select">
        <span>Call lasts</span>
        <input
          class="seconds"
          inputMode="numeric"
          placeholder="s"
          value={phases.callSeconds.value}
          onInput={(event) => (phases.callSeconds.value = event.currentTarget.value)}
        />
      </label>
    </>
  );
  return (
    <Panel name="phases" title="Instruments and phases" tools={tools}>
      {phases.fault.value !== "" && (
        <p class="fault hint" role="alert">
          {phases.fault.value}
        </p>
      )}
      <div class="scroll" tabIndex={0} role="group" aria-label="Instruments">
        <table>
          <thead>
            <tr>
              <th scope="col">Symbol</th>
              <th scope="col">Phase</th>
              <th scope="col">Ends in</th>
              <th scope="col">Last</th>
              <th scope="col">Indicative</th>
              <th scope="col">Bring it to</th>
            </tr>
          </thead>
          <tbody>
            {screen.instruments.symbols.value.map((symbol) => (
              <Row key={symbol} symbol={symbol} screen={screen} operator={operator} />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Row({ symbol, screen, operator }: ConsoleProps & { symbol: string }): VNode {
  const status = screen.statuses.of(symbol).value;
  const ticker = screen.instruments.ticker(symbol).value;
  return (
    <tr data-symbol={symbol}>
      <th scope="row" class="symbol">
        {symbol}
      </th>
      <td>{status !== null && <PhaseChip status={status} />}</td>
      <td>{status?.until ? timeLeft(status.until, screen.clock.now.value) : "–"}</td>
      <td>{ticker?.last ?? "–"}</td>
      <td>{status?.indicative_price ?? "–"}</td>
      <td class="steps">{status !== null && <Steps symbol={symbol} screen={screen} operator={operator} />}</td>
    </tr>
  );
}

function Steps({ symbol, screen, operator }: ConsoleProps & { symbol: string }): VNode {
  const { phases } = operator;
  const phase = screen.statuses.of(symbol).value?.phase ?? "continuous";
  const chosen = phases.chosen.value;
  if (chosen !== null && chosen.symbol === symbol) {
    return (
      <>
        <button type="button" class="tool confirm" disabled={phases.sending.value} onClick={() => void phases.confirm()}>
          Confirm: {STEP_WORDS[chosen.step].toLowerCase()} {symbol}
        </button>
        <button type="button" class="tool" onClick={() => phases.leave()}>
          Leave it
        </button>
      </>
    );
  }
  return (
    <>
      {stepsFrom(phase).map((step) => (
        <button
          key={step}
          type="button"
          class="tool"
          aria-label={`${STEP_WORDS[step]} ${symbol}`}
          onClick={() => phases.choose(symbol, step)}
        >
          {STEP_WORDS[step]}
        </button>
      ))}
    </>
  );
}
