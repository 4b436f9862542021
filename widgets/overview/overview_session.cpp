// The overview of an open session. Apart from the view, so that the view links without core.
#include "core/studio/session.h"
#include "widgets/overview/overview_view.h"

namespace quantscope::widgets {

void OverviewView::set_session(std::shared_ptr<studio::Session> session) {
    if (session)
        set_model(session->card(), session->layers());
    else
        set_model({}, {});
}

} // namespace quantscope::widgets
