package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/gke-preflight/gke-preflight/gke/gketest"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/fleet"
)

// manyRecorded is a directory with the recordings of n clusters, some of them not ready.
func manyRecorded(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		recording := "all-clear.zip"
		if i%5 == 0 {
			recording = "incident.zip"
		}
		err := renamed(root+"testdata/recorded/"+recording, dir, facts.Cluster{Project: fmt.Sprintf("shop-%d", i), Location: "europe-west1", Name: "prod"})
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// fleetCommand is the program itself, on recordings.
func fleetCommand(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	program, err := exec.LookPath("gke-preflight")
	if err != nil {
		t.Fatal(err)
	}
	return exec.Command(program, append([]string{"fleet"}, args...)...)
}

// finish runs a command that ends with the verdict not ready, and returns what it said
// on stderr: a line for each cluster.
func finish(t testing.TB, cmd *exec.Cmd) []string {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != 3 {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, stderr.Bytes())
	}
	return strings.Split(strings.TrimSuffix(stderr.String(), "\n"), "\n")
}

func readFileOf(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestFleet checks two hundred clusters by one worker, and by four of which one is
// killed on its way. The killed one goes on without looking at any cluster again, and
// what fleet report adds up is what the single worker saw, to the byte. That takes no
// more memory than twenty clusters do.
func TestFleet(t *testing.T) {
	recordings, one, four := manyRecorded(t, 200), t.TempDir(), t.TempDir()
	few, many := peakMemory(t, manyRecorded(t, 20), t.TempDir()), peakMemory(t, recordings, one)
	t.Logf("20 clusters: %d KiB, 200 clusters: %d KiB", few, many)
	if float64(many) > 1.2*float64(few) {
		t.Errorf("200 clusters took %d KiB, 20 took %d: more than a fifth more", many, few)
	}
	args := []string{"--as-of", "2026-11-30", "--snapshots", recordings, "--reports", four, "--run", "r", "--parallel", "2"}
	killed := fleetCommand(t, append(args, "--shard", "1/4")...)
	stderr, err := killed.StderrPipe()
	if err == nil {
		err = killed.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	finished := map[string]bool{}
	for lines := bufio.NewScanner(stderr); len(finished) < 10 && lines.Scan(); {
		finished[strings.Fields(lines.Text())[1]] = true
	}
	_ = killed.Process.Kill()
	_ = killed.Wait()

	unfinished := fleetCommand(t, "report", "--reports", four, "--run", "r")
	if out, _ := unfinished.Output(); !bytes.Contains(out, []byte("shard 1/4 did not get to it")) || !bytes.Contains(out, []byte("shard 3/4: it has not begun")) {
		t.Errorf("the report of an unfinished run:\n%s", out)
	}
	clusters := 0
	for index := range 4 {
		for _, line := range finish(t, fleetCommand(t, append(args, "--shard", fmt.Sprintf("%d/4", index))...)) {
			clusters++
			if fields := strings.Fields(line); finished[fields[1]] && fields[len(fields)-1] != "(kept)" {
				t.Errorf("looked at again: %s", line)
			}
		}
	}
	if clusters != 200 {
		t.Errorf("four workers finished %d clusters of 200", clusters)
	}
	for _, where := range []string{one, four} {
		finish(t, fleetCommand(t, "report", "--reports", where, "--run", "r", "-o", "json="+where+"/merged.json"))
	}
	for _, file := range []string{"merged.json", "runs/r/index.html"} {
		if readFileOf(t, filepath.Join(one, file)) != readFileOf(t, filepath.Join(four, file)) {
			t.Errorf("%s of four workers is not that of one", file)
		}
	}
	page := filepath.Join(four, "runs/r/shop-0/europe-west1/prod.html")
	if !strings.Contains(readFileOf(t, page), "NOT READY") || !strings.Contains(readFileOf(t, four+"/runs/r/index.html"), `href="./shop-0/europe-west1/prod.html"`) {
		t.Errorf("the index does not lead to %s", page)
	}
}

// peakMemory is what checking all recordings of a directory by one worker takes at most,
// in KiB.
func peakMemory(t *testing.T, recordings, reports string) int64 {
	t.Helper()
	cmd := fleetCommand(t, "--as-of", "2026-11-30", "--snapshots", recordings, "--reports", reports, "--run", "r", "--parallel", "4")
	cmd.Env = append(cmd.Environ(), "GOGC=100")
	finish(t, cmd)
	return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
}

// BenchmarkFleet is the cost of a cluster beside collecting it: judging, rendering and
// keeping, with the program's start spread over a hundred.
func BenchmarkFleet(b *testing.B) {
	dir := manyRecorded(b, 100)
	for b.Loop() {
		finish(b, fleetCommand(b, "--as-of", "2026-11-30", "--snapshots", dir, "--reports", b.TempDir()))
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/100, "ms/cluster")
}

// TestFleetProjects asks the GKE API for the clusters of three projects, of which one
// can't be listed and one has a zone that does not answer.
func TestFleetProjects(t *testing.T) {
	s, err := gketest.Serve(os.DirFS(root + "testdata/gke/failed-upgrade"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for project, missing := range map[string][]string{"shop-0": nil, "shop-1": {"us-east1-b"}} {
		s.Answer("ListClusters projects/"+project+"/locations/-", &containerpb.ListClustersResponse{
			Clusters: []*containerpb.Cluster{{Name: "prod", Location: "europe-west1"}}, MissingZones: missing,
		})
	}
	cmd := fleetCommand(t, "--projects", "shop-0,shop-1,secret", "--gke-endpoint", s.URL, "--as-of", "2026-11-30", "--snapshots", manyRecorded(t, 2), "-o", "json")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	finish(t, cmd)
	var r fleet.Report
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Clusters) != 2 || len(r.Gaps) != 2 || r.Gaps[0].Where != "project secret" || r.Gaps[1].Where != "project shop-1, zone us-east1-b" {
		t.Errorf("%+v", r.Gaps)
	}
}
