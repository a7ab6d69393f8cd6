// Package terraform plans with a real OpenTofu: the module of docs/terraform, what
// docs/terraform.md shows, and a cluster on a real control plane. `make terraform`
// builds OpenTofu, which takes minutes, and runs it.
package terraform

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

const root = "../../"

// A workspace is a directory with a configuration, in which OpenTofu runs. The
// external provider is the real one, in the newest release that a module proxy has.
type workspace struct {
	*testing.T
	dir, tofu, tool string
}

// TestOpenTofu builds the programs, and uses them.
func TestOpenTofu(t *testing.T) {
	p := buildAll(t)
	for name, test := range map[string]func(*testing.T, programs){
		"module": testModule, "plan file": testPlanFile, "without provider": testWithoutProvider, "real cluster": testRealCluster,
	} {
		t.Run(name, func(t *testing.T) { test(t, p) })
	}
}

type programs struct{ tool, provider string }

func buildAll(t *testing.T) programs {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", filepath.Join(dir, "terraform-provider-external"), "github.com/terraform-providers/terraform-provider-external")
	cmd.Dir = "external"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return programs{tool: rig.Tool(t), provider: dir}
}

func newWorkspace(t *testing.T, p programs, configuration string) *workspace {
	t.Helper()
	all, err := binaries.OpenTofu()
	if err != nil {
		t.Fatal(err)
	}
	built, err := all[0].Built()
	if err != nil || !built {
		t.Fatalf("%s is not built (%v): run make terraform", all[0], err)
	}
	w := &workspace{t, t.TempDir(), all[0].Path, p.tool}
	w.write("main.tf", configuration)
	w.write("tofurc", `provider_installation {
  dev_overrides { "hashicorp/external" = "`+p.provider+`" }
  filesystem_mirror { path = "`+w.dir+`/none" }
}`)
	if err := os.CopyFS(filepath.Join(w.dir, "preflight"), os.DirFS(root+"docs/terraform")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"incident.zip", "all-clear.zip"} {
		b, err := os.ReadFile(root + "testdata/recorded/" + name)
		if err != nil {
			t.Fatal(err)
		}
		w.write(name, string(b))
	}
	return w
}

func (w *workspace) write(name, content string) {
	w.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o600); err != nil {
		w.Fatal(err)
	}
}

// run runs a program and returns its exit code, and what it said in one line.
func (w *workspace) run(program string, args ...string) (code int, said string) {
	w.Helper()
	var out bytes.Buffer
	cmd := exec.CommandContext(w.Context(), program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = w.dir, &out, &out
	cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(w.dir, "tofurc"), "TF_IN_AUTOMATION=1",
		"PATH="+filepath.Dir(w.tool)+":"+os.Getenv("PATH"))
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), strings.Join(strings.Fields(out.String()), " ")
}

// says requires an exit code and words.
func (w *workspace) says(code int, words string, program string, args ...string) {
	w.Helper()
	got, said := w.run(program, args...)
	if got != code || !strings.Contains(said, words) {
		w.Errorf("%s %s: exit code %d, want %d with %q in:\n%s", filepath.Base(program), strings.Join(args, " "), got, code, words, said)
	}
}

// plan is "tofu plan" with a file for the plan.
func (w *workspace) plan(code int, words string, args ...string) {
	w.Helper()
	w.says(code, words, w.tofu, append([]string{"plan", "-input=false", "-no-color", "-out=tfplan"}, args...)...)
}

// install makes the module known; providers need no installation here.
func (w *workspace) install() { w.Helper(); w.says(0, "preflight", w.tofu, "get", "-no-color") }

// guarded takes its version from the module, as a cluster would.
const guarded = `
variable "options" { type = map(string) }
variable "accept" {
  type    = list(string)
  default = ["ready"]
}
variable "target" { default = null }
module "preflight" {
  source         = "./preflight"
  target_version = var.target
  options        = var.options
  accept         = var.accept
}
resource "terraform_data" "cluster" { input = module.preflight.target_version }
`

func snapshot(name string) string { return `-var=options={snapshot="` + name + `",as_of="2026-11-30"}` }

// testModule halts the plan of a cluster that is not ready, and of no other.
func testModule(t *testing.T, p programs) {
	w := newWorkspace(t, p, guarded)
	w.install()

	w.plan(1, `local.result.verdict is "not-ready"`, snapshot("incident.zip"))
	w.plan(1, "NOT READY: prod (acme-prod, europe-west1)", snapshot("incident.zip"))
	w.plan(0, `input = "1.36.3-gke.`, snapshot("all-clear.zip"))
	w.plan(0, `input = "1.36.3-gke.`, snapshot("incident.zip"), `-var=accept=["ready","not-ready"]`)
	w.plan(1, "Verdicts are ready, inconclusive and not-ready", snapshot("all-clear.zip"), `-var=accept=["maybe"]`)

	// Without a verdict the plan halts, too, and says why.
	w.plan(1, "GKE offers no 1.99", snapshot("all-clear.zip"), "-var=target=1.99")
	w.plan(1, `"snapshoot" is no key; there are`, `-var=options={snapshoot="all-clear.zip"}`)
	w.plan(1, "open gone.zip: no such file", snapshot("gone.zip"))
}

// testPlanFile gives plan what OpenTofu itself prints.
func testPlanFile(t *testing.T, p programs) {
	w := newWorkspace(t, p, guarded)
	w.install()
	show := func(args ...string) {
		t.Helper()
		cmd := exec.Command(w.tofu, append([]string{"show", "-json"}, args...)...)
		cmd.Dir = w.dir
		cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(w.dir, "tofurc"))
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		w.write("plan.json", string(out))
	}
	w.plan(0, "1 to add", snapshot("all-clear.zip"))
	show("tfplan")
	w.says(0, "upgrades no control plane and no nodes", w.tool, "plan", "plan.json")
	w.says(1, "is a saved plan itself", w.tool, "plan", "tfplan")
	show()
	w.says(1, "is a state, not a plan", w.tool, "plan", "plan.json")
	w.plan(1, "NOT READY", snapshot("incident.zip"))
	show("tfplan")
	w.says(1, "ended in an error", w.tool, "plan", "plan.json")
}

// testWithoutProvider applies what docs/terraform.md shows for a configuration without
// the external provider.
func testWithoutProvider(t *testing.T, p programs) {
	b, err := os.ReadFile(root + "docs/terraform.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(b), "```hcl\nresource \"terraform_data\" \"preflight\"")
	block, _, ok := strings.Cut(block, "```")
	if !ok {
		t.Fatal("docs/terraform.md shows no terraform_data")
	}
	const (
		asks    = "--project my-project --location europe-west1 --cluster prod"
		cluster = "google_container_cluster"
	)
	if !strings.Contains(block, asks) || !strings.Contains(block, cluster) {
		t.Fatalf("the page shows something else:\n%s", block)
	}
	for recording, want := range map[string]int{"incident.zip": 1, "all-clear.zip": 0} {
		t.Run(recording, func(t *testing.T) {
			// The provider of google can't be had here: another resource takes the cluster's place.
			own := strings.NewReplacer(asks, "--as-of 2026-11-30 --snapshot "+recording, cluster, "terraform_data", "min_master_version", "input").Replace(block)
			w := newWorkspace(t, p, `resource "terraform_data" "preflight"`+own)
			w.says(want, map[int]string{0: "READY: prod", 1: "NOT READY: prod"}[want], w.tofu, "apply", "-auto-approve", "-no-color")
			_, made := w.run(w.tofu, "state", "list")
			if got := strings.Contains(made, "terraform_data.prod"); got != (want == 0) {
				t.Errorf("the cluster was changed: %t; the state holds %s", got, made)
			}
			if want == 0 {
				w.plan(0, "No changes")
			}
		})
	}
}
