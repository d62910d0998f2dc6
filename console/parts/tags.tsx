import { Text } from "./text.tsx";

export function Tags({ of = [] }: { of?: readonly string[] | undefined }) {
  if (of.length === 0) return null;
  return (
    <span class="tags">
      {of.map((tag) => (
        <span class="badge" key={tag}>
          <Text value={tag} />
        </span>
      ))}
    </span>
  );
}
