// What holds of the instrument as a whole: price, change, phase, bands, the day's figures, and a call as it stands.
import type { VNode } from "preact";
import { timeLeft } from "../clock";
import { changeOf } from "../instruments";
import type { Market } from "../market";
import type { StatusFrame } from "../protocol";
import type { Screen } from "../screen";
import { isCall, phaseWords } from "../status";
import { toneOf } from "./switcher";

export function Headline({ screen, market }: { screen: Screen; market: Market }): VNode {
  const { instruments } = screen;
  const ticker = instruments.ticker(market.symbol).value;
  const change = changeOf(ticker, market.instrument.value);
  const status = market.status.value;
  return (
    <section class="headline" aria-label={`${market.symbol} now`}>
      <span class="name">{market.symbol}</span>
      <span class={`price ${toneOf(change)}`}>{ticker?.last ?? "–"}</span>
      <span class={`change ${toneOf(change)}`}>{change}</span>
      {status !== null && <PhaseChip status={status} />}
      <dl>
        <Figure name="Bid" value={ticker?.bid} />
        <Figure name="Ask" value={ticker?.ask} />
        <Figure name="Open" value={ticker?.open} />
        <Figure name="High" value={ticker?.high} />
        <Figure name="Low" value={ticker?.low} />
        <Figure name="Volume" value={ticker?.volume} />
        <Bands status={status} />
      </dl>
      {status !== null && isCall(status.phase) && <AuctionPanel screen={screen} status={status} />}
      {status !== null && status.phase !== "auction" && <Until screen={screen} status={status} />}
    </section>
  );
}

/** A phase in a word; its colour only underlines it. */
export function PhaseChip({ status }: { status: StatusFrame }): VNode {
  return (
    <span class="phase" data-phase={status.phase} title={status.reason ?? undefined}>
      {phaseWords(status)}
    </span>
  );
}

function Figure({ name, value }: { name: string; value: string | null | undefined }): VNode | null {
  if (value === null || value === undefined) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Bands({ status }: { status: StatusFrame | null }): VNode | null {
  const { band_low: low = null, band_high: high = null } = status ?? {};
  if (low === null && high === null) return null;
  return <Figure name="Bands" value={`${low ?? "–"} to ${high ?? "–"}`} />;
}

function Until({ screen, status }: { screen: Screen; status: StatusFrame }): VNode | null {
  const reason = status.reason ?? "";
  if (status.until === null && reason === "") return null;
  return (
    <p class="until">
      {reason} {status.until !== null && <>for {timeLeft(status.until, screen.clock.now.value)}</>}
    </p>
  );
}

function AuctionPanel({ screen, status }: { screen: Screen; status: StatusFrame }): VNode {
  const side = status.imbalance_side ?? null;
  return (
    <dl class="auction" aria-label="Auction">
      <Figure name="Indicative" value={status.indicative_price ?? "none yet"} />
      <Figure name="Paired" value={status.paired_quantity ?? "0"} />
      <div>
        <dt>Imbalance</dt>
        <dd class={side ?? ""}>{side === null ? "none" : `${status.imbalance ?? ""} to ${side}`}</dd>
      </div>
      <div>
        <dt>Ends in</dt>
        <dd class="countdown">{status.until === null ? "open end" : timeLeft(status.until, screen.clock.now.value)}</dd>
      </div>
    </dl>
  );
}
