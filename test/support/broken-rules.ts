/** The rules that do not hold. For properties with many of them: `expect(brokenRules({ … })).toEqual([])`. */
export function brokenRules(rules: Readonly<Record<string, boolean>>): readonly string[] {
  return Object.entries(rules).flatMap(([rule, holds]) => (holds ? [] : [rule]))
}

/** Where the first holds, the second does too. */
export function implies(premise: boolean, conclusion: boolean): boolean {
  return !premise || conclusion
}
