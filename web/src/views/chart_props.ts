// What each chart is given.
import type { Market } from "../market";
import type { Screen } from "../screen";

export interface ChartProps {
  screen: Screen;
  market: Market;
}
