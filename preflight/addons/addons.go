// Package addons knows what is installed in clusters beside Kubernetes. Its index says by
// what each add-on is known, and where it is read from.
//
// Which webhooks and policies it registers, and what becomes of an upgrade while their
// backends are down, are the rows of map.json: "make map" renders each add-on as its makers
// ship it and judges it as simulate does; docs/map.md shows them. Which minors its makers
// list, and when its releases end, are those of releases.json: "make addons" reads the
// lists; docs/addons.md has them.
package addons

import (
	_ "embed"
	"encoding/json"
	"slices"
	"sync"

	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/preflight/simulation"
)

// An Addon is one row of the index.
type Addon struct {
	// Name is in lower case, as its page is called; Title as its makers write it.
	Name  string `json:"name"`
	Title string `json:"title"`
	// Installs are the ways to have it that are judged; none if it is not on the map.
	Installs []Install `json:"installs,omitempty"`
	// Images are the ends of the paths of those images by which it is known; none if it is
	// not looked for.
	Images []string `json:"images,omitempty"`
	// Bundle is the annotation by which its CustomResourceDefinitions tell their release; empty
	// if it is not found by them.
	Bundle string `json:"bundle,omitempty"`
	// Majors are those of its releases by those of its images, where these have versions of
	// their own: a Flux 2.6 has source-controller 1.6. Nil where they are the same.
	Majors map[string]string `json:"majors,omitempty"`
	// Controller is the spec.controller of the IngressClasses that it serves; empty for none.
	Controller string `json:"controller,omitempty"`
	// Lists are where it is told which minors its releases are for and when they end, the
	// one that counts first.
	Lists []List `json:"lists,omitempty"`
	// Retired is set where all of it has ended.
	Retired Retired `json:"retired,omitzero"`
}

// Retired is when makers gave up an add-on, and where they say so.
type Retired struct {
	Since string `json:"since"`
	By    string `json:"by"`
}

// An Install is one way to have an add-on.
type Install struct {
	// As says in a few words what is installed, such as "chart, default values".
	As   string `json:"as"`
	From From   `json:"from"`
	// Namespace is that of the release; the add-on's name if empty.
	Namespace string `json:"namespace,omitempty"`
	// Values are those of a chart that are not its defaults.
	Values map[string]any `json:"values,omitempty"`
	// Safe are changes that are to make it safe.
	Safe []Change `json:"safe,omitempty"`
	// Note is what has to be known beside.
	Note string `json:"note,omitempty"`
	// Confirmed is what became of a real upgrade with the backend down, and when; empty
	// where none was made.
	Confirmed string `json:"confirmed,omitempty"`
}

// From is where an install is read from: a Go module, the checkout of a public
// repository, a recording of it while it ran, or a manifest that was written after its
// source.
type From struct {
	// Module and Version are of a Go module, Checkout is owner/name of a repository.
	Module   string `json:"module,omitempty"`
	Version  string `json:"version,omitempty"`
	Checkout string `json:"checkout,omitempty"`
	// Commit is that which the committed row was read at.
	Commit string `json:"commit,omitempty"`
	// Chart, Kustomization and Files are paths in it, one of them. Files may be
	// directories; beside a Chart they hold what it depends on and has elsewhere.
	Chart         string   `json:"chart,omitempty"`
	Kustomization string   `json:"kustomization,omitempty"`
	Files         []string `json:"files,omitempty"`
	// Recorded is the name of a recording in testdata/map/recorded, of what is named above
	// while it ran; Policies is the name of what was applied to it then, a file in
	// testdata/map/policies, and empty for nothing.
	Recorded string `json:"recorded,omitempty"`
	Policies string `json:"policies,omitempty"`
	// Written is the name of a manifest in testdata/map/written.
	Written string `json:"written,omitempty"`
	// Read is the day that it was read, such as 2026-11-30.
	Read string `json:"read"`
}

// A Change is what makes an install safe.
type Change struct {
	// Say is what to do, as a sentence in the imperative.
	Say string `json:"say"`
	// Values are those of the chart, and Policies what is applied in place of the
	// install's; Recorded is the recording of it with them. Written is a manifest in the
	// place of values. Set are the values or fields that come to it, as YAML; the values
	// themselves if empty.
	Values   map[string]any `json:"values,omitempty"`
	Policies string         `json:"policies,omitempty"`
	Recorded string         `json:"recorded,omitempty"`
	Written  string         `json:"written,omitempty"`
	Set      string         `json:"set,omitempty"`
}

// Seen says how it is known what an install registers.
type Seen string

const (
	// Rendered: its chart, kustomization or manifest was rendered.
	Rendered Seen = "rendered"
	// Recorded: it ran, and what it registered was recorded.
	Recorded Seen = "recorded"
	// FromSource: its source says so, and it was not seen running.
	FromSource Seen = "source"
)

// Seen is how it is known what is there.
func (f From) Seen() Seen {
	switch {
	case f.Recorded != "":
		return Recorded
	case f.Written != "":
		return FromSource
	}
	return Rendered
}

// A Row is what was judged of one install.
type Row struct {
	Addon string `json:"addon"`
	As    string `json:"as"`
	// Version is that of the module or of the chart; empty where neither says.
	Version string `json:"version,omitempty"`
	// Origin is where it was read, Read the day.
	Origin string `json:"origin"`
	Read   string `json:"read"`
	Seen   Seen   `json:"seen"`
	// Verdict is the worst of Steps while the backend is down.
	Verdict simulation.Verdict `json:"verdict"`
	// Registers are its webhooks and policies.
	Registers []Registered `json:"registers,omitempty"`
	// Sees are the hooks and lines of which it sees a write on any step, in order.
	Sees []string `json:"sees,omitempty"`
	// HoldsUpSeconds is how long a write may take at most that it only holds up, while
	// its backend is down; zero where it does not.
	HoldsUpSeconds float64 `json:"holdsUpSeconds,omitempty"`
	// Steps are the upgrades from minor to minor, those with one result together.
	Steps []Step `json:"steps"`
	// Lost is what fails while the backend is down.
	Lost []Lost `json:"lost,omitempty"`
	// Notes say what does nothing as written, and what only shows in a cluster.
	Notes []string `json:"notes,omitempty"`
	// Safe are the changes that make it safe, judged again.
	Safe []Judged `json:"safe,omitempty"`
}

// Registered is one webhook, or one policy.
type Registered struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Webhook is its name; empty for a policy.
	Webhook string `json:"webhook,omitempty"`
	// FailurePolicy and TimeoutSeconds are as the API server takes them; zero seconds
	// for a policy.
	FailurePolicy  string `json:"failurePolicy"`
	TimeoutSeconds int32  `json:"timeoutSeconds,omitempty"`
}

// A Step are upgrades minor by minor from one to another, with one result.
type Step struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Well is what comes of them while the backend answers at once, Down while it
	// accepts connections and says nothing.
	Well Parts `json:"well"`
	Down Parts `json:"down"`
}

// Parts are the verdicts on the parts of an upgrade.
type Parts struct {
	Start     simulation.Verdict `json:"start"`
	Lifelines simulation.Verdict `json:"lifelines"`
	Nodes     simulation.Verdict `json:"nodes"`
}

// Lost is one hook or line that fails.
type Lost struct {
	Part        simulation.Part `json:"part"`
	Name        string          `json:"name"`
	Consequence string          `json:"consequence"`
	// By are those who do it, in words, such as "nodes.example.org (Fail, 30 s)".
	By []string `json:"by"`
	// Perhaps says that it hangs on what no manifest shows.
	Perhaps bool `json:"perhaps,omitempty"`
	// Only are the steps on which it fails, such as "1.36 to 1.37"; absent for all.
	Only []string `json:"only,omitempty"`
}

// Judged is a change, and what comes of it.
type Judged struct {
	Say string `json:"say"`
	// Set are the values or fields, as YAML.
	Set     string             `json:"set,omitempty"`
	Verdict simulation.Verdict `json:"verdict"`
	// Left are the names of what is lost all the same.
	Left []string `json:"left,omitempty"`
}

//go:embed index.yaml
var index []byte

//go:embed map.json
var rows []byte

// Index returns the add-ons, by name.
func Index() []Addon { return read().addons }

// Rows returns the rows of the map, in the order of the index.
func Rows() []Row { return read().rows }

// JSON returns the rows as they are committed.
func JSON() []byte { return slices.Clone(rows) }

type table struct {
	addons []Addon
	rows   []Row
}

var read = sync.OnceValue(func() (t table) {
	if err := yaml.UnmarshalStrict(index, &t.addons); err != nil {
		panic("addons: index.yaml: " + err.Error())
	}
	if err := json.Unmarshal(rows, &t.rows); err != nil {
		panic("addons: map.json: " + err.Error())
	}
	return t
})

// Find returns the add-on of that name; false if there is none.
func Find(name string) (Addon, bool) {
	all := Index()
	n := slices.IndexFunc(all, func(a Addon) bool { return a.Name == name })
	if n < 0 {
		return Addon{}, false
	}
	return all[n], true
}
