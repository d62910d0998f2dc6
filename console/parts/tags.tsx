import { Text } from "./text.tsx";

export function Tags({ of = [] }: { of?: readonly string[] | undefined }) {
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
