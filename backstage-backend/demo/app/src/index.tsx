import '@backstage/ui/css/styles.css';
import { createApp } from '@backstage/frontend-defaults';
import catalogPlugin from '@backstage/plugin-catalog/alpha';
import scaffolderPlugin from '@backstage/plugin-scaffolder/alpha';
import userSettingsPlugin from '@backstage/plugin-user-settings/alpha';
import ReactDOM from 'react-dom/client';
import { demoModule } from './demo';

const app = createApp({
  features: [catalogPlugin, scaffolderPlugin, userSettingsPlugin, demoModule],
});

ReactDOM.createRoot(document.getElementById('root')!).render(app.createRoot());
