// Package nightly applies the manifests of the nightly report to a real API server,
// and does there what the CronJob's Pod would do, as the Pod's own service account.
package nightly

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane/incident"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// TestNightly lives through four nights: with the rights of the manifests alone the
// job sees all there is to see, tells of the webhook that hangs, and of nothing twice.
func TestNightly(t *testing.T) {
	rig.Require(t)
	scene, err := incident.Stage(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(scene.Stop)
	j := &job{T: t, scene: scene, tool: rig.Tool(t), reports: t.TempDir()}
	j.chat = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		j.told = append(j.told, string(b))
	}))
	t.Cleanup(j.chat.Close)
	j.patience(3)
	apply(t, scene.Config, rendered(t, j.overlay()))
	j.start()

	r := j.night("This is the first report", 0)
	if want := "system:serviceaccount:" + namespace + ":" + name; r.Identity != want {
		t.Errorf("the job is %q, want %s", r.Identity, want)
	}
	if r.Verdict != preflight.Ready {
		t.Errorf("the verdict is %s", r.Verdict)
	}
	j.night("Nothing has changed since", 0)
	j.freeze()
	r = j.night("It was READY on", 1)
	if r.Verdict != preflight.NotReady || len(j.told) != 1 {
		t.Errorf("the verdict is %s, and the chat got %s", r.Verdict, j.told)
	}
	j.night("", 1) // leases have aged meanwhile: that may be news
	j.changedNothing()
}

// A job is the Pod of the CronJob, as far as it is there.
type job struct {
	*testing.T
	scene         *incident.Scene
	tool, reports string
	chat          *httptest.Server
	told          []string
	args, env     []string
}

// night runs the job once. Whatever it finds, it must not fail; what it could not see
// must not be for lack of a right.
func (j *job) night(says string, told int) preflight.Report {
	j.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(j.tool, j.args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = j.env, &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		j.Fatalf("%v: %s", err, stderr.String())
	}
	ofCrashLoop := 0
	for _, text := range j.told {
		ofCrashLoop += strings.Count(text, "new blocker GP101")
	}
	if !strings.Contains(stdout.String(), says) || ofCrashLoop != told {
		j.Errorf("the chat was told %v, of the crash-loop %d times, want %d, and %q in:\n%s", j.told, ofCrashLoop, told, says, stdout.String())
	}
	r := j.newest()
	for _, f := range r.Facts {
		if !f.Present && f.Reason != facts.LeftOut {
			j.Errorf("%s is absent: %s", f.ID, f.Absence)
		}
	}
	for _, c := range r.Checks {
		lacksRight(j, c.ID, c.Reason)
	}
	for _, o := range r.Open {
		lacksRight(j, o.Check+" on "+o.Subject.String(), o.Reason)
	}
	return r
}

func lacksRight(t testing.TB, what, reason string) {
	t.Helper()
	for _, word := range []string{"forbidden", "permi", "denied", "grant"} {
		if strings.Contains(reason, word) {
			t.Errorf("%s is undecided: %s", what, reason)
		}
	}
}

func (j *job) newest() (r preflight.Report) {
	j.Helper()
	files, err := filepath.Glob(filepath.Join(j.reports, incident.Project, incident.Location, incident.Name, "*Z.json"))
	if err != nil || len(files) == 0 {
		j.Fatalf("no report was kept: %v", err)
	}
	b, err := os.ReadFile(slices.Max(files))
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		j.Fatal(err)
	}
	return r
}

// patience makes the API server wait for the webhook for so many seconds only.
func (j *job) patience(seconds int32) {
	j.Helper()
	webhooks := j.scene.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	list, err := webhooks.List(j.Context(), metav1.ListOptions{})
	if err != nil || len(list.Items) != 1 {
		j.Fatal(len(list.Items), err)
	}
	list.Items[0].Webhooks[0].TimeoutSeconds = &seconds
	if _, err := webhooks.Update(j.Context(), &list.Items[0], metav1.UpdateOptions{}); err != nil {
		j.Fatal(err)
	}
}

// freeze stops the webhook's backend, and waits until the API server has noticed: its
// metrics tell no more of it the next night.
func (j *job) freeze() {
	j.Helper()
	if err := j.scene.OPA.Freeze(); err != nil {
		j.Fatal(err)
	}
	for range 20 {
		stalled := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "stalled-"}}
		if _, err := j.scene.Client.CoreV1().ConfigMaps(namespace).Create(j.Context(), stalled, metav1.CreateOptions{}); err != nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	j.Fatal("the webhook is frozen, and lets writes pass")
}

// changedNothing reads the audit log.
func (j *job) changedNothing() {
	j.Helper()
	events, err := j.scene.First.Audit()
	if err != nil {
		j.Fatal(err)
	}
	byTool := controlplane.ByAgent("gke-preflight/")
	for _, e := range controlplane.Mutations(events, byTool) {
		j.Errorf("the job changed the cluster: %s", controlplane.Describe(e))
	}
	if !slices.ContainsFunc(events, byTool) {
		j.Error("the audit log shows nothing of the job, so it proves nothing")
	}
}
