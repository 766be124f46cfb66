package rows

import (
	"context"
	"guildhall.chat/guildhall/hack/load/rig"
)

func latency(context.Context, *rig.Rig, Options) ([]Result, error) { return nil, nil }
func resume(context.Context, *rig.Rig, Options) ([]Result, error)  { return nil, nil }
func storm(context.Context, *rig.Rig, Options) ([]Result, error)   { return nil, nil }
func memory(context.Context, *rig.Rig, Options) ([]Result, error)  { return nil, nil }
func hold(context.Context, *rig.Rig, Options) ([]Result, error)    { return nil, nil }
