from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("surveys", "0001_initial")]

    operations = [
        migrations.RemoveConstraint("suppression", "suppression_once_per_client"),
        migrations.RenameField("suppression", "email", "address"),
    ]
