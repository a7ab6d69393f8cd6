package nightly

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// TestBucket keeps the reports of nights and of a fleet in a bucket, by the program
// itself and a local server of Cloud Storage's API.
func TestBucket(t *testing.T) {
	s, err := fakestorage.NewServerWithOptions(fakestorage.Options{Scheme: "http", Host: "127.0.0.1", PublicHost: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	s.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "reports"})
	dir := t.TempDir()
	program := filepath.Join(dir, "gke-preflight")
	if out, err := exec.Command("go", "-C", "../..", "build", "-o", program, "./cmd/gke-preflight").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	run := func(code int, args ...string) string {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "STORAGE_EMULATOR_HOST="+strings.TrimPrefix(s.URL(), "http://"))
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != code {
			t.Fatalf("%v: exit code %d, want %d: %v\n%s", args, cmd.ProcessState.ExitCode(), code, err, out)
		}
		return string(out)
	}
	incident, err := os.ReadFile("../recorded/incident.zip")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "acme-prod_europe-west1_prod.zip"), incident, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	night := []string{"nightly", "--snapshot", "../recorded/incident.zip", "--reports", "gs://reports/nights"}
	run(3, night...)
	if out := run(3, night...); !strings.Contains(out, "Nothing has changed") {
		t.Errorf("the second night:\n%s", out)
	}
	run(3, "fleet", "--snapshots", dir, "--reports", "gs://reports/fleets", "--run", "r")
	if out := run(3, "fleet", "report", "--reports", "gs://reports/fleets", "--run", "r"); !strings.Contains(out, "1 cluster, 1 not ready") {
		t.Errorf("the fleet's report:\n%s", out)
	}
	var keys bytes.Buffer
	objects, _, err := s.ListObjects("reports", "", "", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		keys.WriteString(o.Name + "\n")
	}
	for _, want := range []string{"nights/acme-prod/europe-west1/prod/20", "fleets/runs/r/index.html\n", "fleets/runs/r/acme-prod/europe-west1/prod.json\n"} {
		if !strings.Contains(keys.String(), want) {
			t.Errorf("no %s in the bucket:\n%s", want, keys.String())
		}
	}
	if out := run(1, "nightly", "--snapshot", "../recorded/incident.zip", "--reports", "gs://nowhere"); !strings.Contains(out, "gs://nowhere") {
		t.Errorf("a bucket that is not there:\n%s", out)
	}
}
