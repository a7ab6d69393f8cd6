package versions

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/removals"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// removalTarget is the target, or an undecided finding where none is known.
func removalTarget(s *facts.Snapshot) (version.Version, []preflight.Finding) {
	v, err := version.Parse(s.Meta.Target)
	if err != nil {
		return v, openRemovals(s, preflight.Warning, "no target is known: what it removes is not either")
	}
	newest, _ := version.Parse(removals.Newest())
	if version.CompareLine(newest, v) < 0 {
		fs := openRemovals(s, preflight.Info, fmt.Sprintf("%s is newer than the table of removed APIs, which ends at %s: what was announced later is not in it", v, removals.Newest()))
		fs[0].Check = "GP311"
		return v, fs
	}
	return v, nil
}

func openRemovals(s *facts.Snapshot, severity preflight.Severity, why string) []preflight.Finding {
	return []preflight.Finding{{Severity: severity, Subject: preflight.Subject{Kind: "Version", Name: s.Meta.Target}, Undecided: why}}
}

// next is the minor after v.
func next(v version.Version) version.Version {
	return version.Version{Major: v.Major, Minor: v.Minor + 1}
}

// apiAt returns the row of an apiVersion and kind.
func apiAt(apiVersion, kind string) (removals.API, bool) {
	group, v, ok := strings.Cut(apiVersion, "/")
	if !ok {
		group, v = "", apiVersion
	}
	return removals.OfKind(group, v, kind)
}

// convert is how to rewrite a manifest; "" for a version that nothing replaces.
func convert(a removals.API, stays string) remedy.Command {
	to := a.Group + "/" + stays
	if stays == "" {
		i := strings.LastIndexByte(a.Replacement, '/')
		if i < 0 {
			return remedy.Command{}
		}
		to = a.Replacement[:i]
	}
	return remedy.Sh("kubectl convert --filename MANIFEST --output-version %s", to)
}

// whoAsked finds, in the audit log, who asked for APIs that a minor removes.
func whoAsked(s *facts.Snapshot, removed string) remedy.Command {
	filter := fmt.Sprintf(`resource.type="k8s_cluster" AND labels."k8s.io/removed-release"="%s"`, removed)
	words := []string{"gcloud", "logging", "read", filter}
	if c := s.Meta.Cluster; c.Project != "" {
		words = []string{"gcloud", "logging", "read", fmt.Sprintf(`%s AND resource.labels.cluster_name="%s"`, filter, c.Name), "--project", c.Project}
	}
	return remedy.Words(append(words, "--freshness", "7d", "--format", "value(protoPayload.authenticationInfo.principalEmail,protoPayload.requestMetadata.callerSuppliedUserAgent,protoPayload.methodName)")...)
}
