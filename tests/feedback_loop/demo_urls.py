"""The addresses as they are while the demo runs."""

from config.urls import urlpatterns as always
from feedback_loop.demo.urls import urlpatterns as mailbox

urlpatterns = [*always, *mailbox]
