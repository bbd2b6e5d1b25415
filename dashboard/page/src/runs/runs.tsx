export default function Runs() {
  return (
    <section class="card">
      <h1>Runs</h1>
    </section>
  );
}
