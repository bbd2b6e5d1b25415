export default function Run() {
  return (
    <section class="card">
      <h1>Run</h1>
    </section>
  );
}
