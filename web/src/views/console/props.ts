// What each part of the console is given.
import type { Operator } from "../../console/operator";
import type { Screen } from "../../screen";

export interface ConsoleProps {
  screen: Screen;
  operator: Operator;
}
