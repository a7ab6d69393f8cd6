package remedy_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

func TestText(t *testing.T) {
	s := remedy.Do("let it finish").
		Or("complete it", remedy.Sh("gcloud complete %s", "a b"), remedy.YAML("spec:\n  a: 1")).
		Or("roll it back", remedy.Sh("gcloud rollback --memory MEMORY")).
		Where("MEMORY", "what it uses at most", remedy.Sh("kubectl top pods")).
		Then("see that it is well")
	want := `let it finish
or complete it:
gcloud complete 'a b'
  spec:
    a: 1
or roll it back:
gcloud rollback --memory MEMORY
MEMORY stands for what it uses at most:
kubectl top pods
see that it is well`
	if d := cmp.Diff(want, s.String()); d != "" {
		t.Error(d)
	}
}

// TestQuote has a shell read what no name should hold, as it may stand in a recording.
func TestQuote(t *testing.T) {
	for _, name := range []string{"opa", "", "a b", "$(id)", "it's", "a;b", "`id`", "--x=\"y\"", "a\nb", "~", "*"} {
		out, err := exec.Command("sh", "-c", remedy.Sh("printf '%%s' %s", name).Text).Output()
		if err != nil || string(out) != name {
			t.Errorf("a shell reads %q as %q: %v", name, out, err)
		}
	}
}

// TestManifestMayBeIndented pastes one as it stands in a list, indented.
func TestManifestMayBeIndented(t *testing.T) {
	c := remedy.Apply("kind: ConfigMap\ndata:\n  a: it's\n")
	pasted := strings.ReplaceAll("kubectl() { cat; }; "+c.Paste(), "\n", "\n        ")
	out, err := exec.Command("sh", "-c", pasted).Output()
	if want := "\n        kind: ConfigMap\n        data:\n          a: it's\n        "; err != nil || string(out) != want {
		t.Errorf("got %q, want %q: %v", out, want, err)
	}
}
