// The operator's console: how the exchange is at a glance, and every lever with what it will do beside it.
import type { VNode } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { Operator } from "../../console/operator";
import type { Screen } from "../../screen";
import "../../style/console.css";
import { Audit } from "./audit";
import { Health } from "./health";
import { InstrumentPhases } from "./instruments";
import { KillSwitch } from "./kill_switch";
import { AccountLimits } from "./limits";
import { PartitionList } from "./partitions";
import { SessionList } from "./sessions";

export function Console({ screen }: { screen: Screen }): VNode {
  const operator = useMemo(() => new Operator(screen, { now: () => performance.now(), after }), [screen]);
  useEffect(() => {
    operator.start();
    return () => operator.stop();
  }, [operator]);
  return (
    <>
      <Health screen={screen} operator={operator} />
      <main class="console">
        <InstrumentPhases screen={screen} operator={operator} />
        <KillSwitch screen={screen} operator={operator} />
        <PartitionList screen={screen} operator={operator} />
        <SessionList screen={screen} operator={operator} />
        <AccountLimits screen={screen} operator={operator} />
        <Audit screen={screen} operator={operator} />
      </main>
    </>
  );
}

function after(delay: number, run: () => void): () => void {
  const timer = setTimeout(run, delay);
  return () => clearTimeout(timer);
}
