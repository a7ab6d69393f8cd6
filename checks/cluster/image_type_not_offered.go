package cluster

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/checks/versions"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var imageTypeNotOffered = preflight.Check{
	ID:       "GP529",
	Name:     "image-type-not-offered",
	Title:    "A node pool is of an image type or a version of Windows that ends",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.GKENodePools, facts.GKEServerConfig},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		var fs, ending []preflight.Finding
		offered := facts.GKEServerConfig.Of(s).ImageTypes
		for i, p := range facts.GKENodePools.Of(s) {
			image := p.Template.ImageType
			if f, ends := windowsEnd(s, i, p); ends {
				ending = append(ending, f)
				if f.Summary != "" && f.Severity == preflight.Warning {
					continue
				}
			}
			switch {
			case image == "" || image == customImage || slices.Contains(offered, image):
			case offered == nil:
				fs = append(fs, preflight.Finding{Severity: preflight.Info, Subject: finding.PoolSubject(p), Undecided: fmt.Sprintf("whether GKE still offers image type %s of node pool %s was not told", image, p.Name)})
			default:
				fs = append(fs, preflight.Finding{Severity: preflight.Warning, Subject: finding.PoolSubject(p),
					Summary:  fmt.Sprintf("node pool %s is of image type %s, which GKE no longer offers in %s: its upgrade, or the next node that it gets, may be refused", p.Name, image, s.Meta.Cluster.Location),
					Evidence: []preflight.Evidence{finding.EvidenceOf(facts.GKENodePools, image, "", "/%d/template/imageType", i), finding.EvidenceOf(facts.GKEServerConfig, nil, "on offer: "+finding.NamesOf(offered), "/imageTypes")},
					Steps: remedy.Do("see which are on offer, and move what runs there to a new pool of one of them", versions.ServerConfig(s),
						finding.PoolCommand(s, "create", "POOL", "--image-type", "TYPE")).Where("POOL", "the name of the new pool").Where("TYPE", "an image type on offer")})
			}
		}
		return append(finding.Alike(fs, "NodePools", "are of an image type that GKE no longer offers"), ending...)
	},
}

// customImage is the type of images that users make themselves, which are on no list.
const customImage = "CUSTOM"
