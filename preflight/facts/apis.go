package facts

import (
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/gke-preflight/gke-preflight/preflight/removals"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

var (
	// DeprecatedAPIs are the APIs that the running server serves and that it or one
	// of the next [RemovalsAhead] minors removes, with who wrote objects at them.
	DeprecatedAPIs = kubernetes[APIUses]("deprecated-apis", listRemoved()...).later()

	// CustomResources are the versions of all CustomResourceDefinitions, by name.
	CustomResources = kubernetes[[]CustomResource]("custom-resources", list("apiextensions.k8s.io", "customresourcedefinitions")).later()

	// HelmReleases are the deployed Helm releases that hold objects of an API that
	// is or will be removed, or that could not be read. Reading them reads Secrets:
	// it is left out unless asked for.
	HelmReleases = kubernetes[[]HelmRelease]("helm-releases", list("", "secrets")).later()

	// HelmCharts are the deployed Helm releases whose chart says which versions of
	// Kubernetes it is for, by namespace and name. Those that could not be read are among
	// [HelmReleases].
	HelmCharts = kubernetes[[]HelmChart]("helm-charts", list("", "secrets")).later()
)

// RemovalsAhead is how many minors ahead [DeprecatedAPIs] looks.
const RemovalsAhead = 3

// APIUses tell how far was looked, and what was found.
type APIUses struct {
	// Through is the last minor whose removals were looked for, such as 1.38.
	Through string `json:"through"`
	// APIs are those that the server serves, by group, resource and version.
	APIs []APIUse `json:"apis,omitempty"`
}

// APIUse is one version of one resource that will be removed.
type APIUse struct {
	Group    string `json:"group,omitempty"`
	Version  string `json:"version"`
	Resource string `json:"resource"`
	// Stays is the newest version of the resource that is served and not known to
	// be removed by then; empty if none is.
	Stays string `json:"stays,omitempty"`
	// Absence says why the objects could not be read; zero if they were, or if
	// they are not stored, as reviews are.
	Absence Absence `json:"absence,omitzero"`
	// Objects are the objects of the resource, whatever version they were written at.
	Objects int `json:"objects,omitempty"`
	// Writers are those who wrote at this version, by name.
	Writers []APIWriter `json:"writers,omitempty"`
	// OtherWriters is true if there are more writers than were kept.
	OtherWriters bool `json:"otherWriters,omitempty"`
}

// APIWriter is a field manager whose latest write of some objects was at a
// certain version.
type APIWriter struct {
	// Manager is the name of the field manager; of one that is read from the
	// annotation kubectl.kubernetes.io/last-applied-configuration it is empty.
	Manager string `json:"manager,omitempty"`
	// AddOn is true if the objects are kept by the cluster's add-on manager, by
	// the label addonmanager.kubernetes.io/mode.
	AddOn bool `json:"addOn,omitempty"`
	// Objects is their number, Names the first of them, as namespace/name.
	Objects int      `json:"objects"`
	Names   []string `json:"names"`
	// Latest is the time of the latest of those writes; zero if none is known.
	Latest time.Time `json:"latest,omitzero"`
}

// CustomResource is a CustomResourceDefinition's versions.
type CustomResource struct {
	Name string `json:"name"`
	// Served are the versions that clients may use.
	Served []string `json:"served,omitempty"`
	// Stored are the versions that objects may be stored at (status.storedVersions).
	Stored []string `json:"stored,omitempty"`
	// Kind is that of the objects, and Storage the version that they are written at.
	// These and the fields below are empty in recordings of earlier versions.
	Kind       string `json:"kind,omitempty"`
	Namespaced bool   `json:"namespaced,omitempty"`
	Storage    string `json:"storage,omitempty"`
	// Established says that the API server serves it: its names are not taken.
	Established bool `json:"established,omitempty"`
	// Bundle is the release of Gateway API that it is of, such as v1.4.0, by its annotation
	// gateway.networking.k8s.io/bundle-version; empty for others, and for GKE's own.
	Bundle string `json:"bundle,omitempty"`
}

// HelmRelease is what is kept of the Secret of a deployed release.
type HelmRelease struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Revision  int    `json:"revision,omitempty"`
	// Problem says why the release could not be read; empty if it was.
	Problem string `json:"problem,omitempty"`
	// Objects are those of its manifest whose API is in the table of removals.
	Objects []HelmObject `json:"objects,omitempty"`
}

// HelmChart is the chart of a deployed release.
type HelmChart struct {
	// Namespace and Name are the release's.
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Chart is its name, Version its own version.
	Chart   string `json:"chart"`
	Version string `json:"version"`
	// KubeVersion is the constraint that it puts on the version of the cluster, as it
	// stands in Chart.yaml.
	KubeVersion string `json:"kubeVersion"`
}

// HelmObject is an object of a release's manifest.
type HelmObject struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name,omitempty"`
}

// oldestServed is the oldest minor of which this version knows what it serves.
var oldestServed = version.Version{Major: 1, Minor: 30}

// listRemoved are the resources that some minor from the oldest known on serves
// at a version that a later one removes. Which of them are read depends on what
// the server serves.
func listRemoved() []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	for _, a := range removals.All() {
		if !a.ServedIn(oldestServed) || a.Removed == "" {
			continue
		}
		if last := len(rules) - 1; last >= 0 && rules[last].APIGroups[0] == a.Group {
			if r := rules[last].Resources; r[len(r)-1] != a.Resource {
				rules[last].Resources = append(r, a.Resource)
			}
			continue
		}
		rules = append(rules, list(a.Group, a.Resource))
	}
	return rules
}
