export default function Job() {
  return (
    <section class="card">
      <h1>Job</h1>
    </section>
  );
}
