package google

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	recommender "cloud.google.com/go/recommender/apiv1"
	"cloud.google.com/go/recommender/apiv1/recommenderpb"
	"google.golang.org/api/iterator"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// insightType is that of GKE's own insights
// (cloud.google.com/kubernetes-engine/docs/how-to/optimize-with-recommenders).
const insightType = "google.container.DiagnosisInsight"

// openInsights makes the client of Recommender. No verdict rests on insights.
func (a *API) openInsights(ctx context.Context, o Options) (err error) {
	a.insights, a.insightsLeft, err = beside(ctx, a.login, o, "Recommender", endpoint{"--recommender-endpoint", o.Insights}, recommender.NewRESTClient)
	return err
}

// readInsights lists the active insights of the cluster's location and keeps
// those on the cluster. The filter is by state alone: how the target of an insight
// is spelled, by project number or as a zone, differs.
func (a *API) readInsights(ctx context.Context) ([]facts.Insight, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out := []facts.Insight{}
	answers := a.insights.ListInsights(ctx, &recommenderpb.ListInsightsRequest{
		Parent: fmt.Sprintf("%s/insightTypes/%s", parent(a.name), insightType), Filter: "stateInfo.state = ACTIVE", PageSize: 500,
	})
	for {
		i, err := answers.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			return nil, err
		}
		if i.GetStateInfo().GetState() == recommenderpb.InsightStateInfo_DISMISSED || !slices.ContainsFunc(i.GetTargetResources(), a.isOurs) {
			continue
		}
		out = append(out, facts.Insight{Name: lastPart(i.GetName()), Subtype: i.GetInsightSubtype(), Description: i.GetDescription(),
			Severity: i.GetSeverity().String(), Refreshed: asTime(i.GetLastRefreshTime())})
	}
	slices.SortFunc(out, func(x, y facts.Insight) int {
		return cmp.Or(strings.Compare(x.Subtype, y.Subtype), strings.Compare(x.Name, y.Name))
	})
	return out, nil
}

// isOurs reports whether a resource is the cluster or something in it.
func (a *API) isOurs(resource string) bool {
	_, tail, _ := strings.Cut(resource, "/clusters/")
	name, _, _ := strings.Cut(tail, "/")
	return name == a.name.Name
}

func lastPart(name string) string { return name[strings.LastIndex(name, "/")+1:] }
