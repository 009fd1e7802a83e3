import next from "eslint-config-next/core-web-vitals";
import typescript from "eslint-config-next/typescript";

const rules = [
  { ignores: [".next/", "out/", "node_modules/", "next-env.d.ts", "src/api/schema.ts", "test-results/"] },
  ...next,
  ...typescript,
  {
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "react/no-danger": "error",
      "no-console": "error",
      "import/no-anonymous-default-export": "off",
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "max-lines": ["error", { max: 150, skipBlankLines: true, skipComments: true }],
    },
  },
  { files: ["e2e/**"], rules: { "react-hooks/rules-of-hooks": "off" } }, // fixtures of Playwright take a `use` of its own
  { files: ["scripts/**"], rules: { "no-console": "off" } },
];

export default rules;
