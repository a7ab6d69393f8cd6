package plan

import "strings"

// A Basis is what a claim about an attribute rests on.
type Basis string

const (
	// Recorded: GKE's own answer to such a change was published, and it is an
	// operation that says so.
	Recorded Basis = "recorded"
	// Documented: the documentation of GKE, of its API or of the provider says so.
	Documented Basis = "documented"
	// Inferred: it follows from how Kubernetes works, or from what the API says of
	// its operations in general; nobody says it of this attribute.
	Inferred Basis = "inferred"
)

// An Attribute is one whose change counts as an upgrade.
type Attribute struct {
	// Path is that of the attribute within its resource, such as
	// node_config.image_type, or of the block that it stands in.
	Path string
	// Kinds are what its change makes anew: [ControlPlane], [Nodes] or both.
	Kinds []Kind
	// Basis says how sure that is, and Source where it is known from.
	Basis  Basis
	Source string
}

// A Quiet is a set of attributes whose change makes no control plane and no nodes
// anew, as far as is known.
type Quiet struct {
	// Why is the reason, or that there is no source.
	Why string
	// Paths are as in [Attribute].
	Paths []string
}

// A Knowledge is what is known of a type of resource: of each attribute that its
// schema has.
type Knowledge struct {
	// Type is google_container_cluster or google_container_node_pool.
	Type   string
	Counts []Attribute
	Quiet  []Quiet
}

// Known returns what is known of each type of resource. The schema is that of
// hashicorp/google and google-beta 7.45 with the attributes of older releases
// (google/services/container there), and what they send is read from the same place.
func Known() []Knowledge { return []Knowledge{clusterKnowledge, poolKnowledge} }

// find returns what is known of the attribute at path: the row of itself or of a
// block that it stands in. quiet is true for one that does not count; both are zero
// for one that is not known.
func (k Knowledge) find(path string) (a Attribute, quiet bool) {
	for at := path; at != ""; at = parent(at) {
		for _, a := range k.Counts {
			if a.Path == at {
				return a, false
			}
		}
		for _, q := range k.Quiet {
			for _, p := range q.Paths {
				if p == at {
					return Attribute{}, true
				}
			}
		}
	}
	return Attribute{}, false
}

// divides reports whether attributes below path are known one by one.
func (k Knowledge) divides(path string) bool {
	for _, a := range k.Counts {
		if strings.HasPrefix(a.Path, path+".") {
			return true
		}
	}
	for _, q := range k.Quiet {
		for _, p := range q.Paths {
			if strings.HasPrefix(p, path+".") {
				return true
			}
		}
	}
	return false
}

func parent(path string) string {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return ""
	}
	return path[:i]
}
