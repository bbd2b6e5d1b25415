export default function Logs() {
  return (
    <section class="card">
      <h1>Logs</h1>
    </section>
  );
}
