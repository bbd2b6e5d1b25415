export default function Jobs() {
  return (
    <section class="card">
      <h1>Jobs</h1>
    </section>
  );
}
